"""Labs: the controllers ("workers") that host them and a record of every lab on each of them."""
