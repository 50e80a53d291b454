"""The local AWS: an emulator on this machine, started, deployed to, played into and stopped; never a real account."""
