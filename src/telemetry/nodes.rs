//! Metrics of several nodes on one Redis: what the scripts take, how far this node is behind, and
//! what went wrong on the way.

use super::catalogue::group;
use super::instrument::{Counter, Family, Gauge, Histogram};
use super::label::label;

label! {
    /// A script that runs inside Redis.
    pub enum ScriptName as "script" {
        Take = "take",
        Claim = "claim",
        Open = "open",
        Trim = "trim",
    }
}

label! {
    /// What was wrong with Redis.
    pub enum RedisTrouble as "kind" {
        Moved = "moved",
        NotReady = "not_ready",
        Lost = "lost",
        Unreachable = "unreachable",
        Password = "password",
        Forbidden = "forbidden",
        Unloaded = "unloaded",
        Refused = "refused",
        Other = "other",
    } else Other
}

label! {
    /// Why the past had to be settled among the nodes.
    pub enum CutReason as "reason" {
        Emptied = "emptied",
        RolledBack = "rolled_back",
        Diverged = "diverged",
        Called = "called",
    }
}

group! {
    /// Metrics of nodes that share their order of requests.
    pub struct Nodes {
        /// Time from calling a script to its answer.
        script_duration: Family<Histogram, ScriptName> = "lapak_redis_script_duration_seconds", Seconds, LATENCY;
        /// Times Redis gave no answer or an error, by what was wrong.
        troubles: Family<Counter, RedisTrouble> = "lapak_redis_errors_total", Things;
        /// Partitions that follow their turns now; 16 when all is well.
        following: Gauge = "lapak_partitions_following", Things;
        /// Turns this node has taken, its own and those of others.
        turns: Counter = "lapak_turns_total", Things;
        /// Requests in each turn this node handed in.
        turn_requests: Histogram = "lapak_turn_requests", Things, COUNTS;
        /// From a turn's time in Redis to its being taken here, for turns of other nodes.
        tail_lag: Histogram = "lapak_tail_lag_seconds", Seconds, LATENCY;
        /// Turns whose outcome was not known when the connection broke; each is cleared up later.
        unknown: Counter = "lapak_turns_unknown_total", Things;
        /// Requests refused from memory: without an entry, and without asking Redis.
        from_memory: Counter = "lapak_refused_from_memory_total", Things;
        /// Times the past was found cut, by why.
        cuts: Family<Counter, CutReason> = "lapak_cuts_total", Things;
        /// Epochs that this node opened.
        epochs: Counter = "lapak_epochs_opened_total", Things;
        /// Entries this node brought to others when it opened an epoch.
        brought: Counter = "lapak_entries_brought_total", Things;
        /// Entries of this node that the other nodes went on without.
        revoked: Counter = "lapak_entries_revoked_total", Things;
    }
}
