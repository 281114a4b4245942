"""From answers to numbers, tables, plots and the page; everything here can be computed again from `reports/`."""
