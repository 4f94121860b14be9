//! Everything as users run it: the images and the chart on a node that runs pods, put there with helm, asked through
//! Services.
//!
//! These tests need a cluster, which `make test-cluster` starts around them; without it each of them is ignored and says so.

mod backups;
mod changes;
mod cluster;
mod confined;
mod faults;
mod first_sync;
mod load;
mod mongodb;
mod release;
mod uninstall;
mod upgrades;
mod world;
