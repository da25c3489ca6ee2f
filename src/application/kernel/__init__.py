"""What every use case shares: mediator, behaviours, contracts of subscriptions and jobs, paging."""
