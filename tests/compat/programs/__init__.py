"""Programs as users of HIPS autograd write them, and what they gave there (`results.json`)."""
