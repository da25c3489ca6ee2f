"""The rules that are there before anybody has written any: for specimens as they are imported and kept."""

BUNDLED_RULES_NAME = "specimen_rules.yaml"
BUNDLED_RULES = """\
# Rules for specimens, in the engine's spelling. Send your own with rules_file, or keep them with PUT /api/v1/dq/rules.
rules:
  - name: Required columns
    description: Every specimen file names these columns
    rule_type: required_columns
    parameters:
      columns: [specimen_id, assay, machine_id, operator_id, status, received_at, processed_at]
  - name: Received before processed
    description: A specimen is received before it is processed
    rule_type: timestamp_order
    parameters: {received_column: received_at, processed_column: processed_at}
  - name: No future dates
    description: Nothing happens more than an hour from now
    rule_type: no_future_dates
    parameters: {columns: [received_at, processed_at], tolerance_hours: 1}
  - name: Known statuses
    description: The status is one of the four that there are
    rule_type: allowed_values
    parameters: {column: status, allowed_values: [RECEIVED, IN_PROCESS, COMPLETED, ERROR]}
  - name: Times are times
    description: Received and processed are dates with a time
    rule_type: data_types
    parameters: {columns: {received_at: datetime, processed_at: datetime}}
  - name: One row per specimen
    description: No specimen id is there twice
    rule_type: uniqueness
    parameters: {columns: [specimen_id]}
  - name: Nothing essential is missing
    description: Who, what, where and when are always filled in
    rule_type: completeness
    parameters: {columns: [specimen_id, assay, machine_id, operator_id, status, received_at], threshold: 0.0}
  - name: Errors have a code
    description: At most a twentieth of the failed specimens is without an error code
    rule_type: completeness
    parameters: {columns: [error_code], threshold: 0.05, when: {status: ERROR}}
    severity: WARNING
  - name: Done within a day
    description: A result takes at most 24 hours
    rule_type: max_duration
    parameters: {max_hours: 24, when: {status: COMPLETED}}
    severity: WARNING
"""
