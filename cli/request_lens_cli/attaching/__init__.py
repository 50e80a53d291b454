"""What is attached to a stack after its deployment: log groups, and the access logs of APIs."""
