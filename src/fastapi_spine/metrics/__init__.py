"""How often, how fast, how many: counters and histograms of every request, and the page that shows them."""
