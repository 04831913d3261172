//! Reputation, customers, and the settings.

use super::Posting;
use crate::domain::event::Event;
use crate::domain::{CustomerId, GroupId};
use crate::ledger::cell::Text;
use crate::ledger::tables::{CustomerRow, Reputation, SettingsRow};
use crate::ledger::text;
use crate::protocol::settings::SettingsMessage;

impl Posting<'_> {
    /// What an event does to people, and to the settings.
    pub(super) fn person(&mut self, event: &Event) {
        match event {
            Event::ReputationChanged {
                customer,
                nominal,
                applied,
                after,
                ..
            } => {
                let (nominal, applied) = (i64::from(*nominal), i64::from(*applied));
                let after = i64::from(*after);
                self.reputation(event, customer, nominal, applied, after);
                self.customer(customer, |row| row.reputation = after);
            }
            Event::CustomerRestricted {
                customer,
                restricted,
            } => self.customer(customer, |row| row.restricted = i64::from(*restricted)),
            Event::CustomerGrouped { customer, group } => {
                self.customer(customer, |row| {
                    row.group_ = group.as_ref().map(GroupId::shared);
                });
            }
            Event::SettingsChanged(settings) => {
                let message = SettingsMessage::of(settings);
                let body: Text = serde_json::to_string(&message).unwrap_or_default().into();
                let (partition, epoch, seq) = self.place();
                self.out.settings.push(SettingsRow {
                    partition,
                    epoch,
                    seq,
                    shop: self.shop.clone(),
                    at_ms: self.at_ms(),
                    actor: self.actor(),
                    body: body.clone(),
                });
                self.state.shop(&self.shop).settings = Some(body);
            }
            _ => {}
        }
    }

    fn reputation(
        &mut self,
        event: &Event,
        customer: &CustomerId,
        nominal: i64,
        applied: i64,
        after: i64,
    ) {
        let Event::ReputationChanged {
            cause,
            booking,
            reason,
            ..
        } = event
        else {
            return;
        };
        let (word, order) = text::cause(*cause);
        let (partition, epoch, seq) = self.place();
        let row = Reputation {
            partition,
            epoch,
            seq,
            n: self.next(),
            shop: self.shop.clone(),
            customer: customer.shared(),
            at_ms: self.at_ms(),
            cause: self.text(word),
            booking: booking.map(|id| self.text(id)),
            order_id: order.map(|id| self.text(id)),
            nominal,
            applied,
            after,
            reason: reason.clone(),
        };
        self.out.reputations.push(row);
    }

    fn customer(&mut self, customer: &CustomerId, change: impl FnOnce(&mut CustomerRow)) {
        let key = self.key(customer);
        if self.state.customers.get(&key).is_none() {
            let row = CustomerRow {
                shop: self.shop.clone(),
                customer: customer.shared(),
                reputation: 100,
                restricted: 0,
                group_: None,
            };
            self.state.customers.put(key.clone(), row);
        }
        if let Some(row) = self.state.customers.change(&key) {
            change(row);
        }
    }
}
