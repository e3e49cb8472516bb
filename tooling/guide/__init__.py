"""The guided tour, `tiers guide`: from no cluster to a running application and back, one confirmed step at a time."""
