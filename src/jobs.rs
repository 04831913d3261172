//! RUNS BY ITSELF. The feed reads the journal into mirror and broadcast; settle posts it to the
//! books; trim removes what is old and posted; gauges look around now and then; inquiries ask
//! payment gateways. A node that joins others is brought to where they are.

pub mod cut_off;
pub mod feed;
pub mod gauges;
pub mod inquire;
pub mod join;
pub mod restore;
pub mod settle;
pub mod trim;
