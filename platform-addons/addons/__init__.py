"""One add-on per module: its declaration `ADDON` and its component. `addon_graph` discovers them."""
