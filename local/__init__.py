"""The cloud on your own machine: TRTC emulator, function host, command line."""
