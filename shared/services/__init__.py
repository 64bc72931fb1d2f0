"""The two transcription services of TRTC: what to send, how to read an answer, what an error means."""

from shared.services.kinds import Verdict, classify_error
from shared.services.service import AI, CLOUD, SERVICES, Service, StartOrder

__all__ = ["AI", "CLOUD", "SERVICES", "Service", "StartOrder", "Verdict", "classify_error"]
