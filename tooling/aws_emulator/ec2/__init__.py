"""What moto's EC2 leaves out and the platform's network needs."""
