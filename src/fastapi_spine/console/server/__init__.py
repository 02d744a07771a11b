"""The program `spine console`: opens its ports, furnishes store, receiver, API and pages, and ends in good order."""
