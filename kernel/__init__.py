"""What every room shares: ids, money, time, the error tree, who asks and how. Imports no other room."""
