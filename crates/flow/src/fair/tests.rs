use super::*;
use proptest::prelude::*;

const UNAGED: f64 = f64::INFINITY;

fn class() -> impl Strategy<Value = Class> {
    prop::sample::select(Class::ALL.to_vec())
}

fn names(queue: &mut FairQueue<&'static str>, now: f64) -> Vec<&'static str> {
    std::iter::from_fn(|| queue.pop(now)).map(|served| served.item).collect()
}

proptest! {
    #[test]
    fn services_per_weight_differ_by_at_most_one_item_of_each(
        costs in prop::collection::vec(prop::collection::vec(1u32..100, 200), 4),
    ) {
        let mut queue = FairQueue::new(UNAGED);
        for (class, costs) in Class::ALL.into_iter().zip(&costs) {
            for cost in costs {
                queue.push(0.0, class, f64::from(*cost), ());
            }
        }
        let mut served = [0.0; 4];
        while Class::ALL.into_iter().all(|class| queue.waiting(class).len() > 0) {
            let next = queue.pop(0.0).unwrap();
            served[next.class as usize] += next.cost / next.class.weight();
            for a in Class::ALL {
                for b in Class::ALL {
                    let apart = (served[a as usize] - served[b as usize]).abs();
                    let bound = 99.0 / a.weight() + 99.0 / b.weight();
                    prop_assert!(apart <= bound, "{a:?} and {b:?} are {apart} apart, bound {bound}");
                }
            }
        }
    }

    #[test]
    fn idling_earns_no_credit(idle in class(), busy in class(), alone in 1usize..200) {
        prop_assume!(idle != busy);
        let mut queue = FairQueue::new(UNAGED);
        for _ in 0..alone + 200 {
            queue.push(0.0, busy, 1.0, ());
        }
        for _ in 0..alone {
            queue.pop(0.0).unwrap();
        }
        for _ in 0..200 {
            queue.push(0.0, idle, 1.0, ());
        }
        let mut served = [0.0; 4];
        while queue.waiting(idle).len() > 0 && queue.waiting(busy).len() > 0 {
            let next = queue.pop(0.0).unwrap();
            served[next.class as usize] += 1.0 / next.class.weight();
            let ahead = served[idle as usize] - served[busy as usize];
            prop_assert!(ahead <= 1.0 / idle.weight() + 1.0 / busy.weight());
        }
    }

    #[test]
    fn every_item_is_served_once_and_in_the_order_of_its_class(
        pushed in prop::collection::vec((class(), 0u32..50, 0u32..3), 1..200),
    ) {
        let mut queue = FairQueue::default();
        let mut served: [Vec<usize>; 4] = Default::default();
        let mut left = 0.0;
        for (at, (class, cost, pops)) in pushed.iter().enumerate() {
            queue.push(at as f64, *class, f64::from(*cost), at);
            left += f64::from(*cost);
            for next in (0..*pops).map_while(|_| queue.pop(at as f64)) {
                left -= next.cost;
                served[next.class as usize].push(next.item);
            }
            prop_assert!((queue.total_cost() - left).abs() < 1e-6);
        }
        while let Some(next) = queue.pop(1e9) {
            served[next.class as usize].push(next.item);
        }
        prop_assert_eq!((queue.len(), queue.total_cost()), (0, 0.0));
        for class in Class::ALL {
            let arrived: Vec<usize> =
                (0..pushed.len()).filter(|at| pushed[*at].0 == class).collect();
            prop_assert_eq!(&served[class as usize], &arrived);
        }
    }

    #[test]
    fn what_is_put_back_at_once_leaves_everything_as_it_was(
        pushed in prop::collection::vec((class(), 1u32..50), 2..60),
        before in 0usize..30,
        taken in 1usize..10,
    ) {
        let mut queues = [FairQueue::new(UNAGED), FairQueue::new(UNAGED)];
        for queue in &mut queues {
            for (name, (class, cost)) in pushed.iter().enumerate() {
                queue.push(0.0, *class, f64::from(*cost), name);
            }
            for _ in 0..before.min(pushed.len() - 1) {
                queue.pop(0.0).unwrap();
            }
        }
        let [queue, untouched] = &mut queues;
        // A batch is of one class; all but one of it, since who has no work is idle.
        let class = queue.head(0.0).unwrap();
        let taken = taken.min(queue.waiting(class).len() - 1);
        let batch: Vec<_> =
            (0..taken).map(|_| queue.pop_if(0.0, class, |_| true).unwrap()).collect();
        for served in batch.into_iter().rev() {
            queue.push_front(0.0, served.class, served.cost, served.item);
        }
        prop_assert!((queue.total_cost() - untouched.total_cost()).abs() < 1e-6);
        while let Some(expected) = untouched.pop(0.0) {
            prop_assert_eq!(queue.pop(0.0).unwrap(), expected);
        }
    }

    #[test]
    fn no_class_waits_longer_than_its_rank_of_ageing_and_three_calls(
        ageing in 1.0f64..100.0,
        step in 0.01f64..40.0,
        failing in class(),
        giant in 1.0f64..1e9,
    ) {
        let mut queue = FairQueue::new(ageing);
        for class in Class::ALL {
            queue.push(0.0, class, giant, ());
            (0..300).for_each(|_| queue.push(0.0, class, 1.0, ()));
        }
        let mut last = [0.0; 4];
        for call in 0..300 {
            let now = f64::from(call) * step;
            let next = queue.pop(now).unwrap();
            last[next.class as usize] = now;
            // One class never gets anywhere, and has everything refunded.
            if next.class == failing {
                queue.push_front(now, next.class, next.cost, ());
            }
            for class in Class::ALL {
                let waited = now - last[class as usize];
                let bound = class.rank() * ageing + 4.0 * step;
                prop_assert!(waited <= bound + 1e-6, "{class:?} waited {waited}, bound {bound}");
            }
        }
    }
}

#[test]
fn a_class_that_aged_is_served_once_not_for_all_the_time_it_waited() {
    let mut queue = FairQueue::new(10.0);
    for _ in 0..20 {
        queue.push(0.0, Class::Low, 100.0, "low");
        queue.push(0.0, Class::Urgent, 1.0, "urgent");
    }
    assert_eq!(queue.pop(0.0).unwrap().item, "urgent");
    assert_eq!(queue.pop(0.0).unwrap().item, "low");
    assert_eq!(queue.pop(39.0).unwrap().item, "urgent");
    assert_eq!(queue.peek(40.0), Some(&"low"));
    assert_eq!(queue.pop(40.0).unwrap().item, "low");
    assert_eq!(queue.pop(41.0).unwrap().item, "urgent");
}

#[test]
fn a_class_that_aged_is_forgiven_what_it_was_ahead() {
    let mut queue = FairQueue::new(10.0);
    queue.push(0.0, Class::Low, 1e6, "giant");
    for _ in 0..20 {
        queue.push(0.0, Class::Urgent, 8.0, "urgent");
        queue.push(0.0, Class::Low, 1.0, "low");
    }
    assert_eq!(queue.pop(0.0).unwrap().item, "urgent");
    assert_eq!(queue.pop(0.0).unwrap().item, "giant");
    // At the price of the giant its turn would come after a million of the others.
    assert_eq!(queue.pop(39.0).unwrap().item, "urgent");
    assert_eq!(queue.pop(40.0).unwrap().item, "low");
    let next: Vec<_> = (0..4).map(|_| queue.pop(40.0).unwrap().item).collect();
    assert_eq!(next.iter().filter(|item| **item == "low").count(), 2, "{next:?}");
}

#[test]
fn a_long_backlog_does_not_age_past_new_urgent_work() {
    let mut queue = FairQueue::new(60.0);
    for _ in 0..10_000 {
        queue.push(0.0, Class::Low, 1.0, "low");
    }
    // An hour of steady service: every item is old, yet the class is served all the time.
    for second in 0..3600 {
        queue.pop(f64::from(second)).unwrap();
    }
    queue.push(3600.0, Class::Urgent, 1.0, "urgent");
    assert_eq!(queue.pop(3600.0).unwrap().item, "urgent");
}

#[test]
fn halves_of_a_split_batch_go_first_and_are_not_charged_again() {
    let mut queue = FairQueue::new(UNAGED);
    queue.push(0.0, Class::Normal, 8.0, "batch");
    queue.push(0.0, Class::Normal, 1.0, "later");
    (0..5).for_each(|_| queue.push(0.0, Class::Low, 1.0, "low"));
    assert_eq!(queue.pop(0.0).unwrap().item, "batch");
    queue.push_front(0.0, Class::Normal, 4.0, "second half");
    queue.push_front(0.0, Class::Normal, 4.0, "first half");
    let order = ["first half", "low", "low", "second half", "low", "low", "later", "low"];
    assert_eq!(names(&mut queue, 0.0), order);
}

#[test]
fn a_batch_takes_more_of_one_class_while_it_wants_them_and_the_class_pays() {
    let mut queue = FairQueue::new(UNAGED);
    for item in ["a", "b", "c"] {
        queue.push(0.0, Class::High, 4.0, item);
        queue.push(0.0, Class::Normal, 2.0, "other");
    }
    let class = queue.head(0.0).unwrap();
    assert_eq!(queue.waiting(class).collect::<Vec<_>>(), [&"a", &"b", &"c"]);
    assert_eq!(queue.pop(0.0).unwrap().item, "a");
    assert_eq!(queue.pop_if(0.0, class, |item| *item == "b").unwrap().item, "b");
    assert_eq!(queue.pop_if(0.0, class, |item| *item == "b"), None);
    assert_eq!(names(&mut queue, 0.0), ["other", "other", "c", "other"]);
}

#[test]
#[should_panic(expected = "the cost of an item is NaN")]
fn a_cost_that_is_no_number_is_refused() {
    FairQueue::default().push(0.0, Class::Low, f64::NAN, ());
}
