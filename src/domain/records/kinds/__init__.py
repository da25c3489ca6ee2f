"""What records are about: typed views over ``data``, and what a typed write must bring."""
