"""What a training will cost before it is begun: weights, floating-point operations, memory, hours."""
