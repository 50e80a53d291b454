"""The request table in DynamoDB."""
