"""The graph: values, nodes, scalar programs and the rules they obey. Imports nothing else of kgen."""
