//! What has to be waited for, a greeting or an answer: a future that the connection's own loop goes
//! on with whenever it is woken. No task is started for a message, and no other thread has it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::{Mail, Post};
use crate::gateway::socket::greeting::Seated;
use crate::gateway::socket::talk::Talk;
use crate::protocol::{Close, Frame};

/// What an errand came to.
pub(in crate::gateway::socket) enum Done {
    /// A stranger has been let in, or not.
    Met(Result<Box<Seated>, Close>),
    /// A message has been answered: what to say, and why to close, if it is to end.
    Answered(Box<Talk>, Vec<Frame>, Option<Close>),
}

type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

/// An errand of a connection. One that nobody waits for any more is brought to its end by a task:
/// what was begun with a payment gateway is told to the engine, whether the customer is there or not.
pub(in crate::gateway::socket) struct Errand {
    work: Option<Work>,
    nudge: Arc<Nudge>,
}

/// Tells a loop that an errand of a connection can go on.
struct Nudge {
    post: Arc<Post>,
    name: u64,
    /// It has been told, and has not looked yet.
    told: AtomicBool,
}

impl Wake for Nudge {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.told.swap(true, Ordering::AcqRel) {
            self.post.send(Mail::GoOn(self.name));
        }
    }
}

impl Errand {
    pub(super) fn new(
        post: &Arc<Post>,
        name: u64,
        work: impl Future<Output = Done> + Send + 'static,
    ) -> Self {
        let nudge = Nudge {
            post: Arc::clone(post),
            name,
            told: AtomicBool::new(false),
        };
        Self {
            work: Some(Box::pin(work)),
            nudge: Arc::new(nudge),
        }
    }

    /// Goes on as far as it can without waiting. Should it panic, nothing is left of it.
    pub(super) fn go_on(mut self) -> Result<Done, Self> {
        // First, so that whoever wakes it from here on tells the loop once more.
        self.nudge.told.swap(false, Ordering::AcqRel);
        let waker = Waker::from(Arc::clone(&self.nudge));
        let Some(mut work) = self.work.take() else {
            return Err(self);
        };
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => Ok(done),
            Poll::Pending => {
                self.work = Some(work);
                Err(self)
            }
        }
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            let house = &self.nudge.post.house;
            house.spawn_connection("errand", async move { drop(work.await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use mio::Poll as Events;
    use tokio::sync::oneshot;

    use super::*;
    use crate::gateway::socket::loops::WAKE;
    use crate::lifecycle::Lifecycle;

    fn post() -> (Events, Arc<Post>) {
        let events = Events::new().unwrap();
        let waker = mio::Waker::new(events.registry(), WAKE).unwrap();
        (events, Arc::new(Post::new(waker, Lifecycle::new())))
    }

    #[tokio::test]
    async fn an_errand_tells_its_loop_once_that_it_can_go_on() {
        let (_events, post) = post();
        let (one, first) = oneshot::channel::<()>();
        let (two, second) = oneshot::channel::<()>();
        let errand = Errand::new(&post, 7, async move {
            let _ = tokio::join!(first, second);
            Done::Met(Err(Close::Forbidden))
        });
        let errand = errand.go_on().err().unwrap();
        assert!(post.open().is_empty(), "nothing has come");
        one.send(()).unwrap();
        two.send(()).unwrap();
        assert!(matches!(post.open().as_slice(), [Mail::GoOn(7)]));
        let done = errand.go_on().ok();
        assert!(matches!(done, Some(Done::Met(Err(Close::Forbidden)))));
    }

    #[tokio::test]
    async fn an_errand_that_nobody_waits_for_is_brought_to_its_end() {
        let (_events, post) = post();
        let (paid, payment) = oneshot::channel::<()>();
        let (told, engine) = oneshot::channel();
        let errand = Errand::new(&post, 7, async move {
            payment.await.unwrap();
            told.send("paid").unwrap();
            Done::Met(Err(Close::Forbidden))
        });
        drop(errand.go_on());
        paid.send(()).unwrap();
        assert_eq!(engine.await, Ok("paid"));
    }
}
