"""A user pool as Amazon Cognito serves one: its JSON protocol, its codes, its password proof and its tokens."""
