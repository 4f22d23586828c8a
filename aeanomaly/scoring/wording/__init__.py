"""Words of reasons: numbers, dates, levels, and what is said of them."""
