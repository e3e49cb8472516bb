"""What add-ons may do, in AWS and in the cluster: documents and rules by add-on, nothing registered."""
