"""The graph: values, nodes, scalar programs, and their rules. Imports nothing else of kgen."""
