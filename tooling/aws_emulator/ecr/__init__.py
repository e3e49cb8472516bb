"""Where moto differs from ECR."""
