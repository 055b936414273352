"""What of a campaign goes on paper and into workbooks."""
