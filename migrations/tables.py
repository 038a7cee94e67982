"""Imports every module that defines tables, so that Base.metadata is whole."""

import hotline.capacity
import hotline.outbox
import hotline.people
import sla.timers
import sla.versions
import tickets.article
import tickets.attachment
import tickets.board
import tickets.call
import tickets.catalogue
import tickets.catalogue_version
import tickets.discipline_case
import tickets.drafts
import tickets.hotspots
import tickets.idempotency
import tickets.learning
import tickets.likeness
import tickets.live_call
import tickets.reception
import tickets.records
import tickets.sampling
import tickets.ticket
import tickets.views
import tickets.wording
from hotline.db import Base

metadata = Base.metadata

__all__ = ["hotline", "metadata", "sla", "tickets"]
