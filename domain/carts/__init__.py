"""What a cart means: configurations, prices, totals. Built on `domain.catalog`; never the other way round."""
