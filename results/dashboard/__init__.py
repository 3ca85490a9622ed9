"""The dashboard: a static site from run folders alone, that works from a disk, a web server or a CI artifact."""
