"""The mongod that the product brings along, from finding its binary to watching that it lives."""
