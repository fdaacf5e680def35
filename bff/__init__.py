"""The process: settings, the HTTP edge, telemetry, the command line. No business rule lives here."""
