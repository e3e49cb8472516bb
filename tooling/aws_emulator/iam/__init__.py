"""What moto's IAM leaves out: roles and users are told apart by a unique id, not by their ARN."""
