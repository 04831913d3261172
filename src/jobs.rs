//! RUNS BY ITSELF. The feed reads the journal into mirror and broadcast; settle posts it to the
//! books; trim removes what is old and posted; gauges look around now and then; inquiries ask
//! payment gateways.

pub mod feed;
pub mod gauges;
pub mod inquire;
pub mod settle;
pub mod trim;
