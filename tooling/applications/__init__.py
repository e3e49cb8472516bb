"""What app teams do with their applications: releases, their history, settings, and what runs in the cluster."""
