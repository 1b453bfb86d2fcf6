import java.io.FileInputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.camunda.bpm.engine.ExternalTaskService;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.externaltask.LockedExternalTask;
import org.camunda.bpm.engine.impl.cfg.StandaloneInMemProcessEngineConfiguration;

/**
 * Deploys the diagram on Camunda 7 and plays purchases: which tasks are handed to workers, one after the other (joined by + when at
 * once), and at which end the process comes. After the file, each argument is a purchase: TASK=unclear, TASK=stuck or
 * TASK=ERROR_CODE, joined by commas; every other task is done.
 */
class Played {
  static final String[] TASKS = {
    "reserve_money", "apply_vas", "create_packages", "notify", "cancel_reservation", "withdraw_services", "remove_packages", "tell_owner"
  };

  public static void main(String[] args) throws Exception {
    var configuration = new StandaloneInMemProcessEngineConfiguration();
    configuration.setJobExecutorActivate(false);
    configuration.setHistoryTimeToLive("P1D");
    ProcessEngine engine = configuration.buildProcessEngine();
    try (var diagram = new FileInputStream(args[0])) {
      engine.getRepositoryService().createDeployment().addInputStream("vas_purchase.bpmn", diagram).deploy();
    }
    for (String purchase : List.of(args).subList(1, args.length)) {
      Map<String, String> odd = new HashMap<>();
      for (String one : purchase.split(",")) if (one.contains("=")) odd.put(one.split("=")[0], one.split("=")[1]);
      System.out.println(purchase + ": " + play(engine, odd));
    }
    engine.close();
  }

  static String play(ProcessEngine engine, Map<String, String> odd) {
    Map<String, Object> variables = new HashMap<>(Map.of("failed", false, "stuck", false));
    String id = engine.getRuntimeService().startProcessInstanceByKey("vas_purchase", variables).getId();
    List<String> handed = new ArrayList<>();
    for (var tasks = fetched(engine); !tasks.isEmpty(); tasks = fetched(engine)) {
      handed.add(String.join("+", tasks.stream().map(LockedExternalTask::getTopicName).sorted().toList()));
      for (LockedExternalTask task : tasks) end(engine.getExternalTaskService(), task.getId(), odd.get(task.getTopicName()));
    }
    var ends = engine.getHistoryService().createHistoricActivityInstanceQuery().processInstanceId(id).activityType("noneEndEvent").list();
    return String.join(" ", handed) + " -> " + (ends.isEmpty() ? "no end" : ends.get(0).getActivityId());
  }

  static List<LockedExternalTask> fetched(ProcessEngine engine) {
    var query = engine.getExternalTaskService().fetchAndLock(10, "worker");
    for (String task : TASKS) query = query.topic(task, 10000);
    return query.execute();
  }

  static void end(ExternalTaskService service, String task, String how) {
    if (how == null) service.complete(task, "worker");
    else if (how.equals("unclear")) service.complete(task, "worker", Map.of("failed", true));
    else if (how.equals("stuck")) service.complete(task, "worker", Map.of("stuck", true));
    else service.handleBpmnError(task, "worker", how, how, Map.of("failed", true));
  }
}
