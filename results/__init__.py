"""What came back: samples, histograms, run folders, validity, reports. Needs neither drivers nor Locust."""
