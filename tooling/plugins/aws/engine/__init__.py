"""What is the same for all resource types: rows, checks, names, changes, states, the AWS client and its errors."""
