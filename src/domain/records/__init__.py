"""Field-program records: one shape, many kinds, three interchangeable stores."""
