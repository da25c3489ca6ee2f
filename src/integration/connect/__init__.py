"""CommCare Connect's export API: calls on somebody's behalf, lists in pages or as CSV."""
