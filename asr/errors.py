"""Why a recording could not be transcribed: one English code for machines, one Chinese sentence for people."""

from hotline.errors import Refused

AUDIO = {
    "unreadable": "录音文件不存在或无法读取。",
    "empty": "录音文件是空的，没有任何内容。",
    "not_audio": "这个文件不是录音，无法识别其格式。",
    "unknown_codec": "录音使用了不支持的编码，请转换为 WAV 或 MP3 后再试。",
    "no_samples": "录音文件里没有声音数据。",
    "undecodable": "录音文件已损坏，无法解码。",
    "impossible_rate": "录音文件头中的采样率不合理，文件可能已损坏。",
    "too_many_channels": "录音的声道太多，最多支持 8 个声道。",
    "too_long": "录音太长，超过了单个文件的时长上限。",
    "unknown_declaration": "声明的录音格式不受支持。",
}
FAILED = {
    "died": "语音识别进程意外中断，录音已保留，稍后会重新识别。",
    "stalled": "语音识别长时间没有进展，已中止，录音已保留，稍后会重新识别。",
    "too_slow": "语音识别超过了时间上限，已中止，录音已保留，稍后会重新识别。",
    "closed": "语音识别服务正在停止，录音已保留，重新启动后会继续识别。",
}


class SpeechError(Refused):
    """A recording was not transcribed.

    code: stable English word. detail: English, for the log; holds no citizen's data.
    """

    def __init__(self, sentence: str, *, code: str, detail: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.detail = detail


class AudioRefused(SpeechError):
    """The file itself is at fault: trying again cannot help. code: a key of AUDIO."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(AUDIO[code], code=code, detail=detail)


class SpeechFailed(SpeechError):
    """The speech process died, hung or was too slow: the recording is kept and the work may be tried again. code: a key of FAILED."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(FAILED[code], code=code, detail=detail)


class ModelMissing(SpeechError):
    """There is no speech model yet: calls wait until there is one."""

    def __init__(self, sentence: str = "", detail: str = "") -> None:
        super().__init__(
            sentence or "还没有语音模型，请运行 ./run model 获取；在此之前来话会先排队等候。", code="model_missing", detail=detail
        )


class ModelDamaged(SpeechError):
    """The speech model is there but is not what it should be."""

    def __init__(self, detail: str = "", sentence: str = "") -> None:
        super().__init__(sentence or "语音模型已损坏，请运行 ./run model 重新获取。", code="model_damaged", detail=detail)


class Cancelled(SpeechError):
    """Somebody called the transcription off."""

    def __init__(self) -> None:
        super().__init__("转写已取消。", code="cancelled")
