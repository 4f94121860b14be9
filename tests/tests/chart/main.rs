//! The Helm chart: what it makes of its values, and whether a real API server takes that.

mod cluster;
mod generated;
mod lifecycle;
mod monitoring;
mod pods;
mod rendered;
mod rights;
mod values;
