"""What Vosk can bear: beyond it, it hangs or takes the whole process down (a rate of 0, a negative one, a grammar that is no list of words)."""

LOWEST, HIGHEST = 8000, 48000  # Hz
MOST_PHRASES, LONGEST_PHRASE = 1000, 100


def checked_rate(rate: float) -> None:
    """Raises ValueError for a rate in Hz that Vosk cannot take."""
    if not LOWEST <= rate <= HIGHEST:
        raise ValueError(f"rate {rate} is outside {LOWEST} to {HIGHEST} Hz")


def checked_phrases(phrases: object) -> list[str]:
    """A grammar as Vosk can bear it. Raises ValueError: anything but a list of words kills the process (an empty one, too)."""
    if not isinstance(phrases, list | tuple) or not phrases or len(phrases) > MOST_PHRASES:
        raise ValueError(f"a grammar is a list of 1 to {MOST_PHRASES} phrases")
    if not all(isinstance(phrase, str) and 0 < len(phrase.strip()) <= LONGEST_PHRASE and phrase.isprintable() for phrase in phrases):
        raise ValueError(f"a phrase is a text of 1 to {LONGEST_PHRASE} characters")
    return [" ".join(phrase.split()) for phrase in phrases]
