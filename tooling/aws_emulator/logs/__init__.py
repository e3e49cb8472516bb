"""What moto's CloudWatch Logs leaves out."""
