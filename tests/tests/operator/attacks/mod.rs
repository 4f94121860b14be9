//! What others try in order to get at values that are not for them, and what they leave lying in the way.

mod cluster;
mod memory;
mod ownership;
mod redirects;
mod smuggling;
