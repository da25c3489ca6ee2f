"""Tables for reporting tools such as Power BI."""
