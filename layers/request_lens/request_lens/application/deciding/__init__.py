"""Writing decisions on calls, and having the requests that gain by them count them."""
