//! The counters of a live as a client keeps them.

use serde_json::Value;

use crate::house::rows;
use crate::socket::Socket;

/// Applies frames of counters as a client does, by the rule of (p, s].
pub(crate) struct Counters {
    pub(crate) position: (u64, u64),
    pub(crate) items: Vec<Value>,
}

impl Counters {
    /// From a welcome with a snapshot.
    pub(crate) fn of(welcome: &Value) -> Self {
        let at = &welcome["position"];
        Self {
            position: (at["epoch"].as_u64().unwrap(), at["seq"].as_u64().unwrap()),
            items: rows(&welcome["snapshot"], "items").cloned().collect(),
        }
    }

    /// Takes a stock frame; a gap is a fault of the server.
    pub(crate) fn take(&mut self, frame: &Value) {
        let number = |name: &str| frame[name].as_u64().unwrap();
        let (epoch, p, s) = (number("epoch"), number("p"), number("s"));
        assert_eq!(epoch, self.position.0);
        assert!(
            p <= self.position.1 && self.position.1 <= s,
            "a gap: at {:?}, frame {frame}",
            self.position
        );
        self.position.1 = s;
        for item in rows(frame, "items") {
            self.items.retain(|old| old["drop"] != item["drop"]);
            self.items.push(item.clone());
        }
    }

    /// The counters of a drop.
    pub(crate) fn item(&self, drop: &str) -> &Value {
        self.items.iter().find(|item| item["drop"] == drop).unwrap()
    }

    /// Reads frames until the counters of a drop say so.
    pub(crate) async fn until(
        &mut self,
        socket: &mut Socket,
        drop: &str,
        says: impl Fn(&Value) -> bool,
    ) {
        while !self
            .items
            .iter()
            .any(|item| item["drop"] == drop && says(item))
        {
            let frame = socket.until("stock", |m| m["type"] == "stock").await;
            self.take(&frame);
        }
    }
}
