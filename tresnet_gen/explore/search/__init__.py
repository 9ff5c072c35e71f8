"""Search: the candidates that axes span over a spec, those within budgets, and the best of them."""
