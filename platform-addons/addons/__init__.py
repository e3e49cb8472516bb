"""One add-on a file: what it declares in `ADDON`, and its component. `addon_graph` finds them."""
