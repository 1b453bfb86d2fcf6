"""The resources about results: verifications, the matrix with `can-i-deploy`, dashboard, badges, figures."""
