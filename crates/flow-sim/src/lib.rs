//! Simulated providers, a clairvoyant oracle and baselines: how flow control is judged.
