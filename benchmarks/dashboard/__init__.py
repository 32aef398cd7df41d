"""What the dashboard costs in a browser; each module measures one thing."""
