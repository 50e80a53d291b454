"""Implementations of the ports: DynamoDB, SQS and EMF, and in memory."""
