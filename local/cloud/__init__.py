"""The TRTC emulator: the API at `POST /`, rooms and people under `/_local`, and signed callbacks."""
